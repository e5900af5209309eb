# shellcheck shell=sh
# What the hooks share: the account and the one call that changes its value.
#
# SALLYPORT_API      address of the API, http://host:port
# SALLYPORT_ACCOUNT  file with the answer to POST /register, as it came

# Shell clients take the one line of JSON apart with sed, so it has to stand that.
account_field() {
	sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p' "$SALLYPORT_ACCOUNT"
}

# update VALUE: succeeds when the answer holds the value in quotes, which is all that the hooks in
# use look at.
update() {
	answer=$(curl -sS --max-time 30 -X POST \
		-H "X-Api-User: $(account_field username)" \
		-H "X-Api-Key: $(account_field password)" \
		-d "{\"subdomain\": \"$(account_field subdomain)\", \"txt\": \"$1\"}" \
		"$SALLYPORT_API/update") || return 1
	if ! printf '%s\n' "$answer" | grep -qF "\"$1\""; then
		printf 'update refused: %s\n' "$answer" >&2
		return 1
	fi
}
