"""Every error that staydown raises on purpose, in one tree.

    StaydownError
    ├── MediaError                      the bytes offered as a picture cannot be hashed
    │   ├── NotAnImageError             not_an_image
    │   ├── NotAVideoError              not_a_video
    │   ├── NoVideoStreamError          no_video_stream
    │   ├── TruncatedError              truncated
    │   ├── CorruptError                corrupt
    │   ├── TooLargeError               too_large        (bytes, pixels or memory: bombs and lying headers end here)
    │   ├── TooLongError                too_long         (seconds or frames: endless pictures end here)
    │   ├── EmptyPictureError           empty_picture
    │   ├── TooSlowError                too_slow
    │   └── UnsupportedFormatError      unsupported_format
    ├── HashError                       bad_hash
    ├── SnapshotError                   bad_snapshot
    ├── RegimeError                     bad_regime
    ├── ProofError                      proof_failed
    ├── FeedError                       bad_feed
    │   └── FeedUnreachableError        feed_unreachable
    ├── KeyringError                    bad_keyring
    ├── SealError                       seal_broken
    ├── ExchangeError                   exchange_failed  (talking to somebody else's server)
    │   ├── AddressRefusedError         address_refused
    │   ├── UnreachableError            unreachable
    │   ├── ReplyRefusedError           reply_refused    (a redirect, too long, too slow, compressed)
    │   ├── SourceDeniedError           source_denied
    │   ├── SourceAnswerError           source_answer    (not of its protocol)
    │   ├── SourceWentBackError         source_went_back
    │   └── SourceEndlessError          source_endless
    ├── UploadError                     bad_upload       (an upload that a platform of ours does not let through)
    │   ├── UploadRefusedError          upload_refused
    │   └── UploadUncheckedError        upload_unchecked
    ├── WebhookError                    bad_webhook
    ├── BusyError                       busy
    ├── TooOftenError                   too_often        (it knows after how many seconds to ask again)
    ├── NotReadyError                   not_ready
    ├── SettingError                    bad_setting
    └── CaseworkError                   an action that the rules of casework refuse
        ├── DeniedError                 denied
        ├── MissingError                not_found
        ├── ConflictError               conflict
        ├── LeaseError                  leased
        ├── StateError                  wrong_state
        ├── GroundError                 ground_not_allowed
        ├── ReceiptError                bad_receipt
        ├── MinorsRouteError            minors_route
        └── InvalidError                invalid

A class's docstring is its default message; it ends with what to do. ``code`` is stable: machines read it, people read
the message. No message holds a hash, a receipt code, a name or any other personal text.
"""

from __future__ import annotations

from typing import ClassVar


class StaydownError(Exception):
    """Something went wrong in staydown; see the log of the process."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self.args[0])


class MediaError(StaydownError):
    """This file could not be hashed. Try another copy of the picture."""

    code = "media"


class NotAnImageError(MediaError):
    """This file is not a picture. Choose a photograph or another picture file."""

    code = "not_an_image"


class NotAVideoError(MediaError):
    """This file is not a video. Choose an MP4, MOV, WebM, MKV, GIF or WebP file."""

    code = "not_a_video"


class NoVideoStreamError(MediaError):
    """There are no moving pictures in this file. Choose another file."""

    code = "no_video_stream"


class TruncatedError(MediaError):
    """This picture file ends too early. Download or copy it again."""

    code = "truncated"


class CorruptError(MediaError):
    """This picture file is damaged. Download or copy it again."""

    code = "corrupt"


class TooLargeError(MediaError):
    """This picture is larger than the limits allow. Use a smaller copy, or raise the limit."""

    code = "too_large"


class TooLongError(MediaError):
    """This video is longer than the limits allow. Use a shorter part of it, or raise the limit."""

    code = "too_long"


class EmptyPictureError(MediaError):
    """This picture has no pixels. Choose another copy of it."""

    code = "empty_picture"


class TooSlowError(MediaError):
    """This picture took too long to decode. Use a simpler copy, or raise the limit."""

    code = "too_slow"


class UnsupportedFormatError(MediaError):
    """This picture format is not supported. Save it as JPEG, PNG or WebP and try again."""

    code = "unsupported_format"


class HashError(StaydownError):
    """This is not a valid hash. Check the algorithm, the length and that it is hexadecimal."""

    code = "bad_hash"


class SnapshotError(StaydownError):
    """This snapshot is damaged or of another version. Rebuild it from the feed."""

    code = "bad_snapshot"


class RegimeError(StaydownError):
    """This regime file is not valid. Correct the field that the message names."""

    code = "bad_regime"


class ProofError(StaydownError):
    """The log does not verify. Keep a copy of it and find out who changed it."""

    code = "proof_failed"


class FeedError(StaydownError):
    """The feed does not verify. Stop following it and ask its publisher."""

    code = "bad_feed"


class FeedUnreachableError(FeedError):
    """The feed did not answer. Check its address, the key and that its server runs."""

    code = "feed_unreachable"


class KeyringError(StaydownError):
    """The keyring cannot be read. Check the path, and restore it from the backup if it is lost."""

    code = "bad_keyring"


class SealError(StaydownError):
    """A sealed value does not open. Its key is missing from the keyring, or the row was tampered with."""

    code = "seal_broken"


class ExchangeError(StaydownError):
    """Another server could not be used. Check its address and that it runs."""

    code = "exchange_failed"


class AddressRefusedError(ExchangeError):
    """This address may not be called. Use https and a public host name."""

    code = "address_refused"


class UnreachableError(ExchangeError):
    """The other server did not answer. Check its address, its certificate and that it runs."""

    code = "unreachable"


class ReplyRefusedError(ExchangeError):
    """The other server answered in a way we do not accept. Give its final address, and keep its answer short."""

    code = "reply_refused"


class SourceDeniedError(ExchangeError):
    """The source does not take these credentials. Check them, or ask its people for new ones."""

    code = "source_denied"


class SourceAnswerError(ExchangeError):
    """The source answered with something else than its protocol. Check its kind and address, or tell its people."""

    code = "source_answer"


class SourceWentBackError(ExchangeError):
    """The source went back behind the place that was reached. Ask its people whether it was restored from a copy."""

    code = "source_went_back"


class SourceEndlessError(ExchangeError):
    """The source sends pages without end. Ask its people; what was read so far is kept."""

    code = "source_endless"


class UploadError(StaydownError):
    """This upload could not be read. Send it again, as a form that a browser would send."""

    code = "bad_upload"


class UploadRefusedError(UploadError):
    """This picture may not be published here. If it is yours to publish, ask the people who run this site."""

    code = "upload_refused"


class UploadUncheckedError(UploadError):
    """This file could not be checked. Save it as JPEG, PNG or WebP, or try again later."""

    code = "upload_unchecked"


class WebhookError(StaydownError):
    """This webhook does not verify. Do not act on it; check the key and the clock."""

    code = "bad_webhook"


class BusyError(StaydownError):
    """Too much work is waiting. Try again after the time that the answer names."""

    code = "busy"


class TooOftenError(StaydownError):
    """This key has asked for hashes too often. Ask again after the time that the answer names."""

    code = "too_often"

    def __init__(self, seconds: float = 60.0) -> None:
        super().__init__()
        self.seconds = seconds


class NotReadyError(StaydownError):
    """This node does not know the feed or its keys yet. Try again in a moment; /readyz says what it waits for."""

    code = "not_ready"


class SettingError(StaydownError):
    """A setting is not valid. Correct the setting that the message names."""

    code = "bad_setting"


class CaseworkError(StaydownError):
    """The rules of casework refuse this."""

    code = "casework"


class DeniedError(CaseworkError):
    """You may not do this. Ask an administrator for the role or the scope it needs."""

    code = "denied"


class MissingError(CaseworkError):
    """There is no such thing, or you may not see it. Check the address."""

    code = "not_found"


class ConflictError(CaseworkError):
    """Someone changed this in the meantime. Reload it and try again."""

    code = "conflict"


class LeaseError(CaseworkError):
    """Someone else is working on this case. Wait for the lease to end, or take another case."""

    code = "leased"


class StateError(CaseworkError):
    """This cannot be done in the present state. Reload to see the state."""

    code = "wrong_state"


class GroundError(CaseworkError):
    """The law that binds this case does not allow this ground. Choose one of the grounds listed."""

    code = "ground_not_allowed"


class ReceiptError(CaseworkError):
    """We know no report with this receipt code. Check each character of the code."""

    code = "bad_receipt"


class MinorsRouteError(CaseworkError):
    """A case with someone under 18 in the picture is handled by child-protection services, not here."""

    code = "minors_route"


class InvalidError(CaseworkError):
    """Something in this request is missing or not valid. Correct what the message names."""

    code = "invalid"
