-- The app's login may insert into the inbox and nothing else: every text of it has a bound, so that
-- whoever gets hold of the login cannot fill the disk by one row. Not valid: 0016 looks at the rows
-- that wait there already.
alter table load.city_request
add constraint city_request_asked_by_length check (char_length(asked_by) <= 200) not valid;
alter table load.contribution
add constraint contribution_city_id_length check (char_length(city_id) <= 20) not valid,
add constraint contribution_licence_length check (char_length(licence) <= 200) not valid,
add constraint contribution_contributed_by_length check (char_length(contributed_by) <= 200) not valid;
alter table load.withdrawal
add constraint withdrawal_reason_length check (char_length(reason) <= 2000) not valid;
alter table load.report
add constraint report_city_id_length check (char_length(city_id) <= 20) not valid;
