from templates_app.models.signature import MessageType, Signature
from templates_app.models.template import MessageTemplate, TemplateVersion, VariableKind

__all__ = ["MessageTemplate", "MessageType", "Signature", "TemplateVersion", "VariableKind"]
