from accounts.models.agreement import Acceptance, Agreement
from accounts.models.application import Application
from accounts.models.audit import AuditEntry, AuditLink, AuditSeal
from accounts.models.contact import Contact, Notice, NoticeKind
from accounts.models.desk import CalendarDay, ReviewDesk
from accounts.models.document import Document
from accounts.models.enterprise import Enterprise, OrganisationKind, ServiceMode
from accounts.models.invitation import Invitation
from accounts.models.outbox import OutgoingMail, OutgoingText, OwnNumber, OwnNumberCode
from accounts.models.person import Role, User
from accounts.models.request import Request, RequestKind
from accounts.models.review import Review, ReviewState
from accounts.models.verification import Verification

__all__ = [
    "Acceptance",
    "Agreement",
    "Application",
    "AuditEntry",
    "AuditLink",
    "AuditSeal",
    "CalendarDay",
    "Contact",
    "Document",
    "Enterprise",
    "Invitation",
    "Notice",
    "NoticeKind",
    "OrganisationKind",
    "OutgoingMail",
    "OutgoingText",
    "OwnNumber",
    "OwnNumberCode",
    "Request",
    "RequestKind",
    "Review",
    "ReviewDesk",
    "ReviewState",
    "Role",
    "ServiceMode",
    "User",
    "Verification",
]
