"""The words that a field of a regime file may say; docs/reference/regimes.md explains each."""

from __future__ import annotations

import enum


class Status(enum.StrEnum):
    """Whether a law binds anybody yet."""

    IN_FORCE = "in_force"
    ENACTED_NOT_COMMENCED = "enacted_not_commenced"
    DRAFT = "draft"
    UNVERIFIED = "unverified"


class Confidence(enum.StrEnum):
    """How well a fact is known, best first."""

    PRIMARY = "P"  # the statute, regulator's page or official repository, read in the original text
    PRIMARY_IN_PART = "P*"  # primary text as quoted by somebody else, or only its opening
    SECONDARY = "S"  # a law firm, the press, somebody else's notes
    BACKGROUND = "B"  # background knowledge without a source: check it before relying on it


class Intake(enum.StrEnum):
    """What a law's duty begins with."""

    REPORT = "report"  # somebody sends one
    ORDER = "order"  # an authority or a tribunal serves one


class Shown(enum.StrEnum):
    """Whom the content shows."""

    ADULT = "adult"
    MINOR = "minor"


class Service(enum.StrEnum):
    """What a service does, for the question which laws bind it."""

    USER_TO_USER = "user_to_user"  # people meet there what others post or send
    HOSTING = "hosting"  # it stores what people give it
    SEARCH = "search"  # it finds what is elsewhere


class Role(enum.StrEnum):
    """Who may report."""

    SUBJECT = "subject"
    AGENT = "agent"
    TRUSTED_FLAGGER = "trusted_flagger"
    AUTHORITY = "authority"
    ANYONE = "anyone"


class Kind(enum.StrEnum):
    """What a reporter gives to meet an element."""

    DECLARATION = "declaration"
    TEXT = "text"
    CONTACT = "contact"
    SIGNATURE = "signature"
    LOCATION = "location"


class Start(enum.StrEnum):
    """The event that a clock starts at."""

    RECEIVED = "received"
    VALID = "valid"
    NOTICE_SERVED = "notice_served"
    ORDER_SERVED = "order_served"


class Duty(enum.StrEnum):
    """What a clock is about."""

    ACT = "act"
    ACKNOWLEDGE = "acknowledge"  # tell the person that it arrived: the receipt does, so no clock runs


class CopiesScope(enum.StrEnum):
    """Which copies go down with the content."""

    IDENTICAL = "identical"
    SUBSTANTIALLY_SAME = "substantially_same"
    PER_ORDER = "per_order"
    NONE_STATED = "none_stated"


class Interim(enum.StrEnum):
    """What may be done before a person has decided."""

    DISABLE_PENDING_REVIEW = "disable_pending_review"
    NONE = "none"


class Party(enum.StrEnum):
    """The two sides of a case."""

    REPORTER = "reporter"
    UPLOADER = "uploader"


class NoticeDuty(enum.StrEnum):
    """How strongly a notice to a person is owed."""

    REQUIRED = "required"
    CONDITIONAL = "conditional"  # by a code or for some services only
    EXPECTED = "expected"  # by the regulator, not by the statute
    NONE_STATED = "none_stated"


class Artefact(enum.StrEnum):
    """What may have to be kept."""

    REPORT = "report"
    DECISION = "decision"
    HASH = "hash"
    CONTENT_POINTER = "content_pointer"
    MINOR_REFERRAL = "minor_referral"
    MINOR_DATA = "minor_data"


class HashSharing(enum.StrEnum):
    """Whether hashes of pictures of minors may go into a bank or feed."""

    FORBIDDEN = "forbidden"
