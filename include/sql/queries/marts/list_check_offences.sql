select
    check_offence.check_name,
    check_offence.key
from core.check_offence;
