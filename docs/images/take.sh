#!/usr/bin/env bash
# The README's picture, taken anew: docs/images/take.sh   (after `make demo`; needs Chromium)
set -euo pipefail
cd "$(dirname "$0")/../.."
mail=$(ls "$PWD"/demo/001-*.html)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shot() { # FILE WIDTH HEIGHT URL [FLAG …]: Chromium adds its own margins to narrow windows, so none is under 500
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
    --disable-background-networking --screenshot="$1" --window-size="$2,$3" "${@:5}" "$4" >/dev/null 2>&1
}
shot "$work/light.png" 640 900 "file://$mail" --blink-settings=preferredColorScheme=1
shot "$work/dark.png" 640 900 "file://$mail" --blink-settings=preferredColorScheme=0
cat >"$work/both.html" <<HTML
<!doctype html><meta charset="utf-8"><body style="margin:0;display:flex;gap:16px;padding:16px;background:#d9d9d4">
<img src="light.png" width="640" alt=""><img src="dark.png" width="640" alt="">
HTML
shot "$PWD/docs/images/digest.png" 1328 932 "file://$work/both.html"
echo "taken: docs/images/digest.png"
