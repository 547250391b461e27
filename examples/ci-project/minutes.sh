#!/bin/sh
# Minutes on screen a person, from the screen-time table.
awk -F, -v d="$3" 'NR > 1 { printf "%s %." d "f\n", $1, $3 / 60 }' "$1" > "$2"
