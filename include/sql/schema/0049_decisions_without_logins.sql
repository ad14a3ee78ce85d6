-- Decisions and cards are everybody's, and named the login of whoever accepted that a sight is lost. What
-- was said stays; who said it is in core.publication, for staff.
update core.model
set
    decision = regexp_replace(
        decision,
        '(lost: .*?, because )[^"]+? says "(.*?)"(?=; new: |; not shown: |; not judged against |$)',
        '\1\2'
    )
where decision like '%lost: %, because % says "%';

update core.model_card
set
    markdown = regexp_replace(
        markdown,
        '(lost: .*?, because )[^"]+? says "(.*?)"(?=; new: |; not shown: |; not judged against |\n|$)',
        '\1\2'
    )
where markdown like '%lost: %, because % says "%';
