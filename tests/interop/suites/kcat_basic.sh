#!/usr/bin/env bash
# Kafka with kcat (librdkafka 1.9, an older client). needs: kafka
set -uo pipefail
broker=${MILLRACE_KAFKA:-127.0.0.1:9092}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

# check NAME COMMAND...: one test.
check() {
  local name=$1 words
  shift
  if words=$("$@" 2>&1); then
    echo "ok - $name"
  else
    echo "not ok - $name: $(echo "$words" | tail -n 3 | tr '\n' ' ')"
    failed=1
  fi
}

client() {
  timeout 30 kcat -b "$broker" -q "$@"
}

fresh() {
  echo "kcat-$$-$1-$RANDOM"
}

produce_and_consume() {
  local topic
  topic=$(fresh plain)
  seq 1 1000 >"$folder/in"
  client -P -t "$topic" -p 0 -X acks=all <"$folder/in" || return 1
  client -C -t "$topic" -p 0 -o beginning -e >"$folder/out" || return 1
  cmp "$folder/in" "$folder/out"
}

keys_and_headers() {
  local topic
  topic=$(fresh keyed)
  echo "k1:v1" | client -P -t "$topic" -p 0 -K: -H one=1 -H two=zwei || return 1
  [[ $(client -C -t "$topic" -p 0 -o beginning -e -f '%k/%s/%h/%o') == "k1/v1/one=1,two=zwei/0" ]]
}

compressed() {
  local topic
  topic=$(fresh "$1")
  yes "the same line again and again" | head -n 2000 >"$folder/in"
  client -P -t "$topic" -p 0 -z "$1" <"$folder/in" || return 1
  client -C -t "$topic" -p 0 -o beginning -e >"$folder/out" || return 1
  cmp "$folder/in" "$folder/out"
}

tail_of_topic() {
  local topic
  topic=$(fresh tail)
  seq 1 100 | client -P -t "$topic" -p 0 || return 1
  [[ $(client -C -t "$topic" -p 0 -o -3 -e | tr '\n' ' ') == "98 99 100 " ]]
}

metadata() {
  local topic
  topic=$(fresh listed)
  echo x | client -P -t "$topic" -p 0 || return 1
  kcat -b "$broker" -L -t "$topic" >"$folder/list" 2>&1 || return 1
  grep -q "topic \"$topic\" with 1 partitions" "$folder/list" && grep -q "broker .* at $broker" "$folder/list"
}

offset_query() {
  local topic
  topic=$(fresh query)
  seq 1 7 | client -P -t "$topic" -p 0 || return 1
  client -Q -t "$topic:0:-1" | grep -q "offset 7"
}

check produce_and_consume produce_and_consume
check keys_and_headers keys_and_headers
for kind in gzip snappy lz4; do
  check "compressed_$kind" compressed "$kind"
done
check tail_of_topic tail_of_topic
check metadata metadata
check offset_query offset_query
exit $failed
