"""What is compared: each subject carries TCP from the client pod to the server pod in its own way."""

from functools import partial

from .direct import Direct
from .envoy import Envoy
from .neighbours import Neighbours
from .plain_copy import PlainCopy
from .slipstream import Slipstream
from .slipstream_openssl import SlipstreamOpenSSL
from .subject import Subject

SUBJECTS = {
    "slipstream": Slipstream,
    "slipstream-openssl-3.5": SlipstreamOpenSSL,
    "envoy": Envoy,
    "plain-copy": PlainCopy,
    "neighbours-1": partial(Neighbours, worker_threads=1),
    "neighbours-2": partial(Neighbours, worker_threads=2),
    "direct": Direct,
}

__all__ = ["SUBJECTS", "Subject"]
