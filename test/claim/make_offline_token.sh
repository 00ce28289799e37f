#!/usr/bin/env bash
# Writes golden-offline-token.json: a time stamp (RFC 3161) of one commitment by a demonstration authority.
#
#   test/claim/make_offline_token.sh HEX        needs openssl 3, faketime, xxd
#
# HEX is the commitment that offline.test.ts prints when the token is not of it. The clock is four hours before drand's
# round 1000, so that a real round is younger. Keys are made in a temporary folder and thrown away with it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TZ=UTC
since='2023-01-01 00:00:00'

cat >ca.cnf <<'CNF'
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = config
[config]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
CNF
echo 01 >serial
for name in root leaf; do
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key
  openssl req -new -key $name.key -subj "/O=Demonstration, not an authority/CN=$name" -out $name.csr
done
faketime -f "@$since" openssl x509 -req -in root.csr -key root.key -days 3650 -extfile ca.cnf -extensions root -out root.pem
faketime -f "@$since" openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3650 \
  -extfile ca.cnf -extensions leaf -out leaf.pem
openssl ts -query -digest "$1" -sha256 -cert -no_nonce -out query.tsq
faketime -f '@2023-08-23 12:00:00' openssl ts -reply -config ca.cnf -section config -queryfile query.tsq \
  -signer leaf.pem -inkey leaf.key -chain leaf.pem -out reply.tsr
printf '{"commitment":"%s","root":"%s","token":"%s"}\n' "$1" "$(base64 -w0 root.pem)" "$(base64 -w0 reply.tsr)" \
  >"$here/golden-offline-token.json"
