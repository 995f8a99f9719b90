from templates_app.models.message_type import MessageType
from templates_app.models.qualification import Qualification
from templates_app.models.signature import Signature, SignatureActivation
from templates_app.models.template import MessageTemplate, TemplateVersion, VariableKind
from templates_app.models.template_import import TemplateImport
from templates_app.models.unsent import ManagerNumber, UnsentPaper
from templates_app.models.wording import WordList

__all__ = [
    "ManagerNumber",
    "MessageTemplate",
    "MessageType",
    "Qualification",
    "Signature",
    "SignatureActivation",
    "TemplateImport",
    "TemplateVersion",
    "UnsentPaper",
    "VariableKind",
    "WordList",
]
