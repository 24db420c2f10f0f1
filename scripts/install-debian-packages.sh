#!/usr/bin/env bash
# Installs the Debian packages that some tests need. Without them those tests are skipped, with the reason printed.
#
#   prometheus   promtool: checks and tests the compiled alerts and recording rules
#   jsonnet      jsonnetfmt: checks the layout of the Jsonnet sources
#   chromium     opens the pages of `inferstack review` and `inferstack map`
set -euo pipefail

packages=(prometheus jsonnet chromium)

missing=()
for package in "${packages[@]}"; do
    if [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" != "installed" ]]; then
        missing+=("$package")
    fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
    echo "Debian packages are installed: ${packages[*]}"
    exit 0
fi
if [[ "$(id -u)" -ne 0 ]]; then
    echo "Run as root to install ${missing[*]}: sudo $0" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}"

# The tools are wanted, not the server that the package starts.
if [[ " ${missing[*]} " == *" prometheus "* && -d /run/systemd/system ]]; then
    systemctl disable --now prometheus.service
fi
