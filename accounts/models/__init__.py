from accounts.models.application import Application
from accounts.models.audit import AuditEntry
from accounts.models.enterprise import Enterprise
from accounts.models.person import Role, User
from accounts.models.review import Review, ReviewState

__all__ = ["Application", "AuditEntry", "Enterprise", "Review", "ReviewState", "Role", "User"]
