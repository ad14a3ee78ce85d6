-- outside a transaction
-- squawk-disable-assume-in-transaction
-- Crawls that found nothing are looked for every five minutes, among those of two weeks.
create index concurrently if not exists stage_report_by_task on core.stage_report (task_id, recorded_at);
