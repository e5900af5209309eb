#!/bin/sh
# certbot --manual-auth-hook: the value comes in the environment.
set -eu
. "$(dirname "$0")/account.sh"
update "$CERTBOT_VALIDATION"
