"""Forms of the Group SMS Assistant."""

from sending.forms.additions import AdditionForm
from sending.forms.codes import CodeFilter
from sending.forms.columns import ColumnsForm
from sending.forms.confirm import ConfirmForm
from sending.forms.export import ExportForm
from sending.forms.job_filter import JobFilter
from sending.forms.new import ChoiceForm, NameForm, RecipientsForm
from sending.forms.recipient_list import ListForm
from sending.forms.row_search import RowSearch
from sending.forms.running import RescheduleForm, SpeedForm

__all__ = [
    "AdditionForm",
    "ChoiceForm",
    "CodeFilter",
    "ColumnsForm",
    "ConfirmForm",
    "ExportForm",
    "JobFilter",
    "ListForm",
    "NameForm",
    "RecipientsForm",
    "RescheduleForm",
    "RowSearch",
    "SpeedForm",
]
