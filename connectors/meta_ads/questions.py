"""What a pull of an ad account asks staging."""

from __future__ import annotations

from connectors.sync.reader import Question

GONE = ("DELETED", "ARCHIVED")
LIVING = {  # the ids of objects that were neither deleted nor archived when they were read last
    "campaigns": Question(
        f"select campaign_id from campaigns where coalesce(effective_status, '') not in {GONE}", ("campaigns",)
    ),
    "ads": Question(
        f"""select ads.ad_id from ads
        left join ad_sets on ad_sets.ad_set_id = ads.ad_set_id
        left join campaigns on campaigns.campaign_id = ads.campaign_id
        where coalesce(ads.effective_status, '') not in {GONE}
        and coalesce(ad_sets.effective_status, '') not in {GONE}
        and coalesce(campaigns.effective_status, '') not in {GONE}""",
        ("ads", "ad_sets", "campaigns"),
    ),
}
