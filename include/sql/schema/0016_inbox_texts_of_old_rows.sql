-- What waited in the inbox before 0014: where a row is in the way, the runbook on upgrades finds it.
alter table load.city_request validate constraint city_request_asked_by_length;
alter table load.contribution validate constraint contribution_city_id_length;
alter table load.contribution validate constraint contribution_licence_length;
alter table load.contribution validate constraint contribution_contributed_by_length;
alter table load.withdrawal validate constraint withdrawal_reason_length;
alter table load.report validate constraint report_city_id_length;
