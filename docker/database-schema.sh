#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date; safe to run at every start.
# The password comes from SQL_PASSWORD.
set -eu

migrate() {
    database=$1 versions=$2
    set -- temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p 5432 -u "$SQL_USER" --db "$database"
    "$@" create
    "$@" setup-schema -v 0.0
    "$@" update-schema -d "/etc/temporal/schema/postgresql/v12/$versions/versioned"
}

migrate temporal temporal
migrate temporal_visibility visibility
