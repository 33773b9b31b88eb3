#!/bin/sh
# Creates the namespace and the search attributes that operators filter by. Harmless to repeat.
set -eu

namespace="${TEMPORAL_NAMESPACE:-default}"
temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$namespace" --retention 30d
temporal operator search-attribute create --namespace "$namespace" \
    --name OrderId --type Keyword \
    --name OrderStatus --type Keyword \
    --name UserId --type Keyword \
    --name Currency --type Keyword \
    --name AmountCents --type Int \
    --name PaymentDeadline --type Datetime \
    --name NeedsAttention --type Bool
