insert into load.report (
    report_id,
    city_id,
    model_version,
    kind,
    class_name,
    x1,
    y1,
    x2,
    y2,
    message,
    photo
)
values (
    %(report_id)s,
    %(city_id)s,
    %(model_version)s,
    %(kind)s,
    %(class_name)s,
    %(x1)s,
    %(y1)s,
    %(x2)s,
    %(y2)s,
    %(message)s,
    %(photo)s
)
