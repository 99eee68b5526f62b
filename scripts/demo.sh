#!/usr/bin/env bash
# Replays the demo books over their 90 sessions on the synthetic market and writes the reports of the last one.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/daily.sh --from 2025-02-20 --to 2025-06-30 --provider file --path demo-data/market --output-dir reports
"$SIGMA_BIN_DIR/sigma-validate" books
echo
echo "Reports:"
ls reports/*/portfolio_report.*
