"""Other people's servers in memory, to test followers against: they fail, stall, lie and never end."""

from staydown.exchange.testing.partner import Partner, PartnerFault
from staydown.exchange.testing.publisher import LONGEST_WAIT, Fault, Publisher

__all__ = ["LONGEST_WAIT", "Fault", "Partner", "PartnerFault", "Publisher"]
