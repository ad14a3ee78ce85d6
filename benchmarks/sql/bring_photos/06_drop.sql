drop table brought
