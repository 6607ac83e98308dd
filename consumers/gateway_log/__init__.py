"""The gateway's diagnostic log from Event Hubs: bytes in, facts about calls out. Pure."""
