"""Names of networks; imports nothing heavy, for the command line reads them."""

from __future__ import annotations

from collections.abc import Mapping

# What comes with regtrack; a note says so whenever this network is used by its name.
BUNDLED = {
    "demo": "u-net, 171 markers, trained on 7.0 million bases of hg19 for four minutes; average "
    "precision on 1.4 million others: TFBS 0.1112, DNase 0.1182, Histone 0.2977. For better ones: "
    "regtrack fetch model deepsea, or regtrack train",
}
FETCHED = ("deepsea",)

# What there is besides, and why it is not fetched.
NOT_FETCHED: Mapping[str, str] = {
    "danq": "DanQ (Quang & Xie 2016), non-commercial use only; its links were dead in 2026. Its "
    "network is the bi-lstm of the short task, which regtrack train trains",
    "beluga": "Beluga (Zhou et al. 2018), 2,002 markers, Princeton's academic licence, not to be "
    "passed on",
    "sei": "Sei (Chen et al. 2022), 21,907 markers, non-commercial use only",
}


def is_network_name(text: str) -> bool:
    """Whether a text names a network, where no file is called so."""
    return text in BUNDLED or text in FETCHED or text in NOT_FETCHED
