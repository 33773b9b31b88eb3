#!/bin/sh
# Creates Temporal's two databases and brings their schemas to this version. Harmless to repeat.
set -eu

for database in temporal temporal_visibility; do
    schema="${database#temporal_}"
    temporal-sql-tool --db "$database" create || true  # it is there already
    temporal-sql-tool --db "$database" setup-schema -v 0.0
    temporal-sql-tool --db "$database" update-schema \
        -d "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
