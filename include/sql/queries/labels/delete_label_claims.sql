delete from core.label_claim
where claimed_until < now()
