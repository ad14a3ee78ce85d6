-- Reviews are made by staff, straight into core: the app's inbox for them never had a reader, and
-- never a writer.
do $$
begin
    if exists (select 1 from load.review) then
        raise exception 'load.review holds decisions: move them to core.label_review, empty it, and migrate again';
    end if;
end
$$;
-- squawk-ignore ban-drop-table
drop table load.review;

-- A decision is taken back by another row, never by a deletion: then the rule's word counts again.
alter table core.label_review
-- squawk-ignore ban-drop-constraint
drop constraint label_review_decision_known,
-- squawk-ignore ban-drop-constraint
drop constraint label_review_rename_has_sight,
add constraint label_review_decision_known
check (decision in ('accept', 'reject', 'rename', 'withdraw')) not valid,
-- What was accepted as one sight stays that sight, should the answer be read otherwise one day.
add constraint label_review_sight_fits
check (
    (decision <> 'rename' or sight_id is not null)
    and (decision in ('accept', 'rename') or sight_id is null)
) not valid;
comment on column core.label_review.sight_id is
'The sight that it was renamed to, or accepted as (null: as it was read, whatever that is).';
comment on column core.label_review.decision is
'accept, reject or rename; withdraw takes back what was decided before.';

create table core.label_claim (
    label_id bigint primary key references core.label (label_id),
    claimed_by text not null,
    claimed_until timestamptz not null
);
comment on table core.label_claim is 'Labels that lie before a reviewer, so that no other one gets them meanwhile.';
comment on column core.label_claim.label_id is 'The label.';
comment on column core.label_claim.claimed_by is 'The reviewer.';
comment on column core.label_claim.claimed_until is 'When others may get it again.';

grant select, insert, update, delete on core.label_claim to sightscan_pipeline;
grant select on core.label_claim to sightscan_analyst;
