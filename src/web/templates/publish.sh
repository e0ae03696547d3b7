#!/bin/sh
# Publishes a module with nothing but tar and curl:  sh publish.sh DIR NAME SYSTEM VERSION
#
# CAIRN_TOKEN   a deploy token, a personal token, an ID token or the token of a CI job
# CAIRN_OPENER  instead of that, a developer's personal token. It opens a CI job and closes it at the end; the module
#               is published with the job's own token, and shows GIT_REF, GIT_SHA and PIPELINE_ID as verified.
set -eu
dir=$1 name=$2 system=$3 version=${4#v}
project=https://registry.example.com/api/v4/projects/acme%2Fnetwork

# curl with a token that the list of processes does not show.
call() {
  token=$1
  shift
  printf 'header = "Authorization: Bearer %s"\n' "$token" |
    curl --silent --show-error --fail-with-body --config - "$@"
}

archive=$(mktemp)
job=
finish() {
  rm -f "$archive"
  if [ -n "$job" ]; then call "$CAIRN_OPENER" --request DELETE "$project/ci_jobs/$job"; fi
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

tar -czf "$archive" --exclude=.git --exclude=.terraform --exclude='*.tfstate*' -C "$dir" .

if [ -n "${CAIRN_OPENER:-}" ]; then
  opened=$(call "$CAIRN_OPENER" --data-urlencode "ref=$GIT_REF" --data-urlencode "sha=$GIT_SHA" \
    --data-urlencode "pipeline[id]=$PIPELINE_ID" "$project/ci_jobs") || { echo "$opened" >&2; exit 1; }
  # Without the objects in it, the answer has one id: that of the job.
  job=$(printf '%s' "$opened" | sed 's/^{//; s/{[^{}]*}//g; s/.*"id":\([0-9]*\).*/\1/')
  CAIRN_TOKEN=$(printf '%s' "$opened" | sed 's/.*"token":"\([^"]*\)".*/\1/')
fi

call "$CAIRN_TOKEN" --retry 5 --upload-file "$archive" "$project/packages/terraform/modules/$name/$system/$version/file"
