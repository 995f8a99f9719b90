from sending.models.background import MakingState
from sending.models.blocklist import BlocklistEntry
from sending.models.carrier import BindKind, Carrier, GatewayLease, Heartbeat
from sending.models.counts import CountDelta, DeliveryCount, JobCount, JobPace
from sending.models.draft import JobDraft
from sending.models.export import ExportFormat, ExportRows, JobExport
from sending.models.inbound import InboundEvent
from sending.models.job import SendJob
from sending.models.job_file import JobFile
from sending.models.message import Message, MessagePart
from sending.models.recipient_list import RecipientList
from sending.models.remembered import RememberedColumns
from sending.states import BlockSource, FileState, JobStatus, LatePolicy, MessageState, Problem, Source

__all__ = [
    "BindKind",
    "BlockSource",
    "BlocklistEntry",
    "Carrier",
    "CountDelta",
    "DeliveryCount",
    "ExportFormat",
    "ExportRows",
    "FileState",
    "GatewayLease",
    "Heartbeat",
    "InboundEvent",
    "JobCount",
    "JobDraft",
    "JobExport",
    "JobFile",
    "JobPace",
    "JobStatus",
    "LatePolicy",
    "MakingState",
    "Message",
    "MessagePart",
    "MessageState",
    "Problem",
    "RecipientList",
    "RememberedColumns",
    "SendJob",
    "Source",
]
