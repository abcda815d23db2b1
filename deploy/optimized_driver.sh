#!/bin/sh
# Builds adbc-driver-postgresql, the driver that reads the source, with optimization, as a wheel of
# the version that constraints.txt pins. Why: docs/results/drivers.md.
#
#     deploy/optimized_driver.sh SOURCE FOLDER
#
# SOURCE is a checkout or an unpacked release of github.com/apache/arrow-adbc of that version; the
# wheel goes into FOLDER. Needs cmake, a C++ compiler, libpq-dev and python3 with pip.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 SOURCE FOLDER" >&2
    exit 2
fi
source=$(cd "$1" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

# The first line is for the newest Python.
pinned=$(sed -n 's/^adbc-driver-postgresql==\([0-9.]*\).*/\1/p' "$here/../constraints.txt" | head -n 1)
version=$(sed -n 's/^set(ADBC_VERSION "\([^"]*\)").*/\1/p' "$source/c/cmake_modules/AdbcVersion.cmake")
if [ "$version" != "$pinned" ]; then
    echo "$source is of version $version, constraints.txt pins $pinned" >&2
    exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake -S "$source/c" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
    -DADBC_DRIVER_POSTGRESQL=ON -DADBC_BUILD_SHARED=ON -DADBC_BUILD_STATIC=OFF
cmake --build "$work/build" --parallel 2

cp -R "$source/python/adbc_driver_postgresql" "$work/package"
# A version of our own, which pip takes before that of the index; not for any machine but its kind.
static="$work/package/adbc_driver_postgresql/_static_version.py"
printf 'version = "%s+optimized"\nrefnames = ""\ngit_hash = ""\n' "$version" > "$static"
platform=$(python3 -c "import sysconfig; print(sysconfig.get_platform().replace('-', '_').replace('.', '_'))")
printf '[bdist_wheel]\nplat_name = %s\n' "$platform" > "$work/package/setup.cfg"
ADBC_POSTGRESQL_LIBRARY="$work/build/driver/postgresql/libadbc_driver_postgresql.so" \
    python3 -m pip wheel --no-deps --wheel-dir "$folder" "$work/package"
