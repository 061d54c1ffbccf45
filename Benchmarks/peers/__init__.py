"""What is compared: each subject carries TCP from the client pod to the server pod in its own way."""

from .direct import Direct
from .envoy import Envoy
from .plain_copy import PlainCopy
from .slipstream import Slipstream
from .subject import Subject

SUBJECTS = {"slipstream": Slipstream, "envoy": Envoy, "plain-copy": PlainCopy, "direct": Direct}

__all__ = ["SUBJECTS", "Subject"]
