#!/usr/bin/env bash
# Writes golden-time-stamps.json: time stamps (RFC 3161) of a demonstration authority, made and judged by OpenSSL.
#
#   test/claim/make_time_stamps.sh        needs openssl 3, faketime (Debian package), xxd and base64
#
# Every private key is made in a temporary folder and thrown away with it. `judged` is what
# `openssl ts -verify` says with each root: at the token's own time, and in 2030, when all leaves have expired.
# `said` are time, accuracy and serial number as `openssl ts -reply -text` prints them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

digest=$(printf 'a commitment' | openssl dgst -sha256 -r | cut -d' ' -f1)
at() { faketime -f "@$1" "${@:2}"; }   # the clock of a command
stamped='2023-08-23 12:00:00'            # four hours before drand's round 1000
export TZ=UTC

cat >extensions.cnf <<'CNF'
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[middle]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[authority_for_mail]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
extendedKeyUsage = emailProtection
[authority_unknown]
basicConstraints = critical, CA:TRUE
1.2.3.4.5 = critical, ASN1:NULL
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[leaf_without_usage]
keyUsage = critical, digitalSignature
[leaf_not_critical]
extendedKeyUsage = timeStamping
[leaf_more_usages]
extendedKeyUsage = critical, timeStamping, codeSigning
[leaf_other_usage]
extendedKeyUsage = critical, codeSigning
[leaf_authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = critical, timeStamping
[leaf_encrypts]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = critical, timeStamping
[leaf_unknown]
extendedKeyUsage = critical, timeStamping
1.2.3.4.5 = critical, ASN1:NULL
CNF

key() { # NAME [ec|rsa|short]
  case ${2:-ec} in
    ec) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" 2>/dev/null ;;
    short) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$1.key" 2>/dev/null ;;
  esac
}
root() { # NAME SINCE DAYS [SUBJECT]
  key "$1"
  openssl req -new -key "$1.key" -subj "/O=Demonstration/CN=${4:-$1}" -out "$1.csr"
  at "$2" openssl x509 -req -in "$1.csr" -key "$1.key" -days "$3" -extfile extensions.cnf -extensions root \
    -out "$1.pem" 2>/dev/null
}
serial=1
new=
certificate() { # NAME ISSUER EXTENSIONS [KEY KIND] [SINCE] [DAYS] [HASH]
  [ -e "$1.key" ] || key "$1" "${4:-ec}"
  openssl req -new -key "$1.key" -subj "/O=Demonstration/CN=$1" -out "$1.csr"
  at "${5:-2023-01-01 00:00:00}" openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "${6:-1500}" \
    "-${7:-sha256}" -set_serial $((serial++)) -extfile extensions.cnf -extensions "$3" -out "$1.pem" 2>/dev/null
}
reply() { # FILE SIGNER CHAIN [DIGEST] [CLOCK] [ESS HASH] [QUERY OPTIONS]: a response by `openssl ts -reply`
  echo 8A1B2C3D4E5F6070 >serial
  cat >tsa.cnf <<CNF
[tsa]
serial = serial
signer_digest = ${4:-sha256}
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = ${6:-sha256}
CNF
  openssl ts -query -digest "$digest" -sha256 -cert ${7:-} -out query.tsq 2>/dev/null
  at "${5:-$stamped}" openssl ts -reply -config tsa.cnf -section tsa -queryfile query.tsq -signer "$2.pem" \
    -inkey "$2.key" -chain "$3" -out "$1.tsr" 2>/dev/null
}
signed() { # FILE SIGNER CHAIN: the same TSTInfo signed by `openssl cms`, which checks no purpose
  at "$stamped" openssl cms -sign -binary -nodetach -nosmimecap -cades -md sha256 -in info.der \
    -econtent_type id-smime-ct-TSTInfo -signer "$2.pem" -inkey "$2.key" -certfile "$3" -outform DER -out "$1.tst"
}

root root '2023-01-01 00:00:00' 7300
root foreign '2023-01-01 00:00:00' 7300
root late-root '2024-01-01 00:00:00' 7300
root same-name '2023-01-01 00:00:00' 7300 root   # an attacker's authority with the name of the first
certificate middle root middle
certificate below middle authority   # under a path length of 0
certificate mail root authority_for_mail
certificate leaf middle leaf
certificate rsa root leaf rsa
certificate brief middle leaf ec '2023-08-22 00:00:00' 2
certificate over middle leaf ec '2023-07-01 00:00:00' 10
for kind in without_usage not_critical more_usages other_usage authority encrypts unknown; do
  certificate "$kind" middle "leaf_$kind"
done
certificate short middle leaf short
certificate old-hash middle leaf ec '2023-01-01 00:00:00' 1500 sha1
certificate plain root leaf_not_critical
certificate under-leaf plain leaf      # issued by what is no authority
certificate weak root authority short
certificate under-weak weak leaf
certificate strange root authority_unknown
certificate under-strange strange leaf
cp middle.key renamed.key             # another authority with the issuer's key
certificate renamed root authority
certificate too-deep below leaf
certificate for-mail mail leaf
certificate impostor foreign leaf
certificate posing same-name leaf
cp leaf.key twin.key                  # another certificate of the leaf's own key, with its name and serial
openssl req -new -key twin.key -subj /O=Demonstration/CN=leaf -out twin.csr
at '2023-01-01 00:00:00' openssl x509 -req -in twin.csr -CA middle.pem -CAkey middle.key -days 1400 \
  -set_serial "0x$(openssl x509 -in leaf.pem -noout -serial | cut -d= -f2)" -extfile extensions.cnf \
  -extensions leaf -out twin.pem 2>/dev/null

reply good leaf middle.pem
openssl ts -reply -in good.tsr -token_out -out good.tst 2>/dev/null
openssl cms -verify -noverify -binary -inform DER -in good.tst -out info.der 2>/dev/null
reply rsa rsa root.pem sha512 "$stamped" sha1 -no_nonce
reply late leaf middle.pem sha384 '2023-08-23 15:58:30'   # within the margin of round 1000
reply brief brief middle.pem
reply over over middle.pem
reply impostor impostor foreign.pem
reply posing posing same-name.pem
certificate late-leaf late-root leaf
reply early late-leaf late-root.pem   # stamped before its root was valid
openssl ts -query -digest "$(printf x | openssl dgst -sha512 -r | cut -d' ' -f1)" -sha512 -out query.tsq 2>/dev/null
at "$stamped" openssl ts -reply -config tsa.cnf -section tsa -queryfile query.tsq -signer leaf.pem -inkey leaf.key \
  -out rejection.tsr 2>/dev/null
for kind in leaf without_usage not_critical more_usages other_usage authority encrypts unknown short old-hash; do
  signed "signed-$kind" "$kind" middle.pem
done
signed under-leaf under-leaf plain.pem
signed under-weak under-weak weak.pem
signed under-strange under-strange strange.pem
signed renamed leaf renamed.pem
signed too-deep too-deep <(cat below.pem middle.pem)
signed for-mail for-mail mail.pem

# The attribute content-type altered and signed again: like good.tst, but of another kind of content.
hex=$(xxd -p good.tst | tr -d '\n')
before=${hex%%a081??301a06092a864886f70d010903*}
rest=${hex#"$before"}
size=$((6 + 2 * 16#${rest:4:2}))
attributes=${rest:0:size}
attributes=${attributes/0109100104/0109100105}
xxd -r -p <<<"31${attributes:2}" >attributes.der
after=${rest:size}
signature=${after##*06082a8648ce3d040302}
until [ ${#new} = $((${#signature} - 4)) ]; do # of the same length
  new=$(openssl dgst -sha256 -sign leaf.key attributes.der | xxd -p | tr -d '\n')
done
xxd -r -p <<<"$before$attributes${after%"$signature"}${signature:0:4}$new" >other-content.tst

judge() { # FILE ROOT SECONDS: true or false
  local in=(-in "$1"); [[ $1 == *.tst ]] && in+=(-token_in)
  if openssl ts -verify -digest "$digest" "${in[@]}" -CAfile "$2.pem" -attime "$3" >/dev/null 2>&1
  then echo true; else echo false; fi
}
said() { # FILE: what follows the three labels, as a list of JSON
  local in=(-in "$1"); [[ $1 == *.tst ]] && in+=(-token_in)
  openssl ts -reply "${in[@]}" -text 2>/dev/null |
    sed -nE 's/^(Serial number|Time stamp|Accuracy): (.*)/"\2"/p' | paste -sd,
}
then=$(date -d "$stamped" +%s)
later=$(date -d '2030-01-01' +%s)
out="$here/golden-time-stamps.json"
{
  printf '{\n"digest": "%s",\n' "$digest"
  openssl ts -query -digest "$digest" -sha256 -cert -no_nonce -out query.tsq 2>/dev/null
  printf '"query": "%s",\n"roots": {\n' "$(base64 -w0 query.tsq)"
  first=
  for name in root foreign late-root; do
    printf '%s"%s": "%s"' "$first" "$name" "$(openssl x509 -in $name.pem -outform DER | base64 -w0)"
    first=$',\n'
  done
  printf '\n},\n"twin": "%s",\n"stamps": {\n' "$(openssl x509 -in twin.pem -outform DER | base64 -w0)"
  first=
  for file in *.tsr *.tst; do
    printf '%s"%s": { "token": "%s",\n  ' "$first" "$file" "$(base64 -w0 "$file")"
    printf '"said": [%s], "judged": { ' "$(said "$file")"
    comma=
    for name in root foreign late-root; do
      printf '%s"%s": [%s, %s]' "$comma" "$name" "$(judge "$file" $name "$then")" "$(judge "$file" $name "$later")"
      comma=', '
    done
    printf ' } }'
    first=$',\n'
  done
  printf '\n}\n}\n'
} >"$out"
echo "$out: $(wc -c <"$out") bytes"
