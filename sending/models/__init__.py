from sending.models.carrier import BindKind, Carrier, GatewayLease, Heartbeat
from sending.models.counts import CountDelta, DeliveryCount, JobCount, JobPace
from sending.models.inbound import InboundEvent
from sending.models.job import SendJob
from sending.models.message import Message, MessagePart
from sending.states import JobStatus, MessageState, Problem

__all__ = [
    "BindKind",
    "Carrier",
    "CountDelta",
    "DeliveryCount",
    "GatewayLease",
    "Heartbeat",
    "InboundEvent",
    "JobCount",
    "JobPace",
    "JobStatus",
    "Message",
    "MessagePart",
    "MessageState",
    "Problem",
    "SendJob",
]
