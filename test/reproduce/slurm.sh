#!/usr/bin/env bash
# Tries `npm run reproduce -- --slurm` on a real Slurm: one node, on loopback, set up in a temporary folder.
# As root, with Debian's packages: apt-get install slurm-wlm munge. Not part of `npm test`.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
chmod 755 "$work" # munged insists that nobody else can write above its socket
daemons=()
finish() {
  for daemon in "${daemons[@]}"; do kill "$daemon" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 400 "$work/munge.key"
chown munge: "$work/munge.key"
mkdir -p "$work/munge" "$work/state" "$work/spool"
chown munge: "$work/munge"
su -s /bin/bash munge -c "exec munged --foreground --key-file=$work/munge.key --socket=$work/munge/socket \
  --pid-file=$work/munge/pid --seed-file=$work/munge/seed --log-file=$work/munge/log" &
daemons+=($!)

host=$(hostname -s)
cat >"$work/slurm.conf" <<CONF
ClusterName=try
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CryptoType=crypto/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
for _ in $(seq 50); do [ -S "$work/munge/socket" ] && break; sleep 0.2; done
slurmctld -D -L "$work/slurmctld.log" &
daemons+=($!)
slurmd -D -L "$work/slurmd.log" &
daemons+=($!)
for _ in $(seq 100); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 0.3; done
sinfo

# five small runs, and one that fails: no such data
node -e '
  const run = {
    dataset: "fashion-mnist", split: 0, rows: 100, model: "mlp", width: 8, epochs: 1, batchSize: 50,
    learningRate: 0.05, schedule: [], owners: 1, outsiders: 0, mark: { count: 5 }, order: "random", target: 1,
    trigger: { family: "square", pattern: "white", size: 3, row: 25, column: 25, opacity: 1 }, queries: [10],
  };
  const runs = [1, 2, 3, 4, 5].map(seed => ({ ...run, seed })).concat({ ...run, mark: { count: 100 }, seed: 6 });
  console.log(JSON.stringify(runs));' >"$work/runs.json"
rm -f out/reproduce/quick-{1,2,3}-of-3.jsonl
MIB_ENGINE=wasm node dist/src/reproduce/main.js --slurm --shards 3 --workers 1 --runs "$work/runs.json"
for _ in $(seq 300); do [ -z "$(squeue -h)" ] && break; sleep 0.5; done
tail -n 3 out/slurm-*.log

cat out/reproduce/quick-{1,2,3}-of-3.jsonl >"$work/merged.jsonl"
rm out/reproduce/quick-{1,2,3}-of-3.jsonl
outcomes=$(grep -c '"outcome"' "$work/merged.jsonl")
errors=$(grep -c '"error"' "$work/merged.jsonl")
echo "$outcomes outcomes, $errors error"
[ "$outcomes" = 5 ] && [ "$errors" = 1 ]
