//! Databases from Debian's packages: downloaded once, unpacked without running anything of them,
//! with busybox for the few commands that they call.

use std::fs;
use std::path::Path;

use lab_engine::Failure;

use super::{Kitchen, broken, call};

/// Packages that only serve to install others, or compile queries on the fly (100 MB, switched
/// off).
const WITHOUT: &[&str] = &[
    "adduser",
    "cdebconf",
    "debconf",
    "dpkg",
    "init-system-helpers",
    "install-info",
    "libc-l10n",
    "libllvm",
    "libz3",
    "locales",
    "lsb-base",
    "openssl",
    "perl",
    "libperl",
    "libfile-find-rule-perl",
    "libjson-perl",
    "libnumber-compare-perl",
    "libtext-glob-perl",
    "postgresql-client-common",
    "postgresql-common",
    "sensible-utils",
    "ssl-cert",
    "sysvinit-utils",
    "tar",
    "ucf",
    "usr-is-merged",
    "usrmerge",
    "libdb5.3",
    "libdebian-installer",
    "libnewt",
    "libslang",
    "libtextwrap",
    "libgdbm",
    "passwd",
    "libsemanage",
    "libsepol",
    "libpam-modules",
    "libelogind",
];

/// What the closure of a package must not lack even where it is left out above.
fn is_needed(package: &str) -> bool {
    !WITHOUT.iter().any(|without| package.starts_with(without))
}

/// Unpacks packages and what they depend on into `context/root`, downloading what is not there.
async fn unpack(
    kitchen: &Kitchen,
    root: &Path,
    context: &Path,
    packages: &[&str],
) -> Result<(), Failure> {
    let mut arguments = vec![
        "depends",
        "--recurse",
        "--no-recommends",
        "--no-suggests",
        "--no-conflicts",
        "--no-breaks",
        "--no-replaces",
        "--no-enhances",
    ];
    arguments.extend(packages);
    let closure = call("apt-cache", &arguments, root).await?;
    let mut wanted: Vec<&str> = closure
        .lines()
        .filter(|line| !line.starts_with([' ', '<', '|']) && !line.contains(':'))
        .filter(|package| is_needed(package))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let downloads = root.join("packages");
    fs::create_dir_all(&downloads).map_err(|error| broken(&downloads, &error))?;
    let list = wanted.join(" ");
    let marker = downloads.join("complete");
    // The same list, complete before: nothing is downloaded again.
    if fs::read_to_string(&marker).ok().as_deref() != Some(&list) {
        (kitchen.progress)(&format!("downloading {} Debian packages", wanted.len()));
        let mut arguments = vec!["download"];
        arguments.extend(&wanted);
        call("apt-get", &arguments, &downloads).await?;
        fs::write(&marker, &list).map_err(|error| broken(&marker, &error))?;
    }
    (kitchen.progress)(&format!("unpacking {} packages", wanted.len()));
    let target = context.join("root");
    // One file system below /usr, as Debian has it.
    for (name, to) in [
        ("bin", "usr/bin"),
        ("sbin", "usr/sbin"),
        ("lib", "usr/lib"),
        ("lib64", "usr/lib64"),
    ] {
        let folder = target.join(to);
        fs::create_dir_all(&folder).map_err(|error| broken(&folder, &error))?;
        std::os::unix::fs::symlink(to, target.join(name))
            .map_err(|error| broken(&target.join(name), &error))?;
    }
    // Old downloads of the same package may lie beside new ones: only the newest is unpacked, as
    // names sort by version closely enough within one release.
    let mut files: Vec<_> = fs::read_dir(&downloads)
        .map_err(|error| broken(&downloads, &error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "deb"))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            wanted
                .iter()
                .any(|wanted| name.split('_').next() == Some(wanted))
        })
        .collect();
    files.sort_unstable();
    for file in files {
        extract(&file, &target).await?;
    }
    for needless in [
        "usr/share/doc",
        "usr/share/man",
        "usr/share/locale",
        "usr/share/info",
    ] {
        let _ = fs::remove_dir_all(target.join(needless));
    }
    Ok(())
}

/// Unpacks one package; a folder that is a link in the target stays one.
async fn extract(file: &Path, target: &Path) -> Result<(), Failure> {
    let piped = target.with_file_name("data.tar");
    let [from, to, into] = [file, &piped, target].map(|path| path.to_string_lossy().into_owned());
    let folder = target.parent().unwrap_or(target);
    call(
        "sh",
        &[
            "-c",
            "dpkg-deb --fsys-tarfile \"$1\" >\"$2\" && tar --extract --keep-directory-symlink \
             --no-same-owner --file \"$2\" --directory \"$3\"",
            "sh",
            &from,
            &to,
            &into,
        ],
        folder,
    )
    .await?;
    fs::remove_file(&piped).map_err(|error| broken(&piped, &error))
}

fn write(context: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = context.join(name);
    fs::write(&path, text).map_err(|error| broken(&path, &error))
}

const POSTGRES: &str = "\
FROM scratch
COPY root/ /
COPY entrypoint.sh build.sh /
RUN [\"/bin/busybox\", \"sh\", \"/build.sh\"]
ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/usr/sbin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
USER postgres
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT [\"/bin/sh\", \"/entrypoint.sh\"]
CMD [\"postgres\"]
";

/// Runs once, while the image is built.
const POSTGRES_BUILD: &str = r"set -eu
busybox=/bin/busybox
$busybox --install -s /usr/bin
export PATH=/usr/bin:/usr/sbin:/usr/lib/postgresql/15/bin
mkdir -p /etc /tmp /run/postgresql /var/lib/postgresql /docker-entrypoint-initdb.d
# Where Debian's clients look for the server's socket.
[ -e /var/run ] || ln -s /run /var/run
echo 'root:x:0:0::/root:/bin/sh' >/etc/passwd
echo 'postgres:x:70:70::/var/lib/postgresql:/bin/sh' >>/etc/passwd
echo 'root:x:0:' >/etc/group
echo 'postgres:x:70:' >>/etc/group
echo 'hosts: files dns' >/etc/nsswitch.conf
chmod 1777 /tmp
chown -R 70:70 /var/lib/postgresql /run/postgresql
ldconfig 2>/dev/null || true
export LANG=C.UTF-8
su postgres -c '/usr/lib/postgresql/15/bin/initdb --pgdata=/var/lib/postgresql/data --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync'
cat >>/var/lib/postgresql/data/postgresql.conf <<'END'
listen_addresses = '*'
unix_socket_directories = '/run/postgresql'
jit = off
END
rm /build.sh
";

/// What the image's users may set, as with the image that it stands for.
const POSTGRES_ENTRYPOINT: &str = r#"set -eu
# POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_HOST_AUTH_METHOD and
# /docker-entrypoint-initdb.d/*.sql, *.sh as in the official image; once for each data folder.
case "${1:-}" in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    printf "listen_addresses = '*'\nunix_socket_directories = '/run/postgresql'\njit = off\n" >>"$PGDATA/postgresql.conf"
fi
if [ ! -e "$PGDATA/prepared" ]; then
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    printf 'local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all all %s\n' "$method" >"$PGDATA/pg_hba.conf"
    pg_ctl --wait --silent --options="-c listen_addresses='' -c fsync=off" start >/dev/null
    psql="psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --host=/run/postgresql"
    if [ "$user" != postgres ]; then
        $psql --username=postgres --dbname=postgres --command="CREATE ROLE \"$user\" SUPERUSER LOGIN"
    fi
    if [ -n "${POSTGRES_PASSWORD:-}" ]; then
        printf "ALTER ROLE :\"role\" PASSWORD :'secret';\n" |
            $psql --username=postgres --dbname=postgres --set=role="$user" --set=secret="$POSTGRES_PASSWORD"
    fi
    if [ "$database" != postgres ]; then
        $psql --username=postgres --dbname=postgres --command="CREATE DATABASE \"$database\" OWNER \"$user\""
    fi
    for file in /docker-entrypoint-initdb.d/*; do
        case "$file" in
        *.sql) $psql --username="$user" --dbname="$database" --file="$file" ;;
        *.sh) sh "$file" ;;
        esac
    done
    pg_ctl --wait --silent --mode=fast stop >/dev/null
    touch "$PGDATA/prepared"
fi
exec "$@"
"#;

pub(super) async fn postgres(
    kitchen: &Kitchen,
    root: &Path,
    context: &Path,
) -> Result<(), Failure> {
    let packages = ["postgresql-15", "postgresql-client-15", "busybox-static"];
    unpack(kitchen, root, context, &packages).await?;
    write(context, "Dockerfile", POSTGRES)?;
    write(context, "build.sh", POSTGRES_BUILD)?;
    write(context, "entrypoint.sh", POSTGRES_ENTRYPOINT)
}

const REDIS: &str = "\
FROM scratch
COPY root/ /
RUN [\"/bin/busybox\", \"sh\", \"-c\", \"/bin/busybox --install -s /usr/bin; /usr/bin/mkdir -p /data /tmp; /usr/bin/chmod 1777 /tmp /data\"]
ENV PATH=/usr/bin:/usr/sbin
WORKDIR /data
EXPOSE 6379
ENTRYPOINT [\"/bin/sh\", \"/entrypoint.sh\"]
CMD [\"redis-server\"]
";

/// As with the image that it stands for, arguments alone are the server's.
const REDIS_ENTRYPOINT: &str = r#"set -eu
case "${1:-}" in -*|*.conf) set -- redis-server "$@" ;; esac
if [ "${1:-}" = redis-server ]; then
    set -- "$@" --bind 0.0.0.0 --protected-mode no
fi
exec "$@"
"#;

pub(super) async fn redis(kitchen: &Kitchen, root: &Path, context: &Path) -> Result<(), Failure> {
    unpack(kitchen, root, context, &["redis-server", "busybox-static"]).await?;
    write(context, "root/entrypoint.sh", REDIS_ENTRYPOINT)?;
    write(context, "Dockerfile", REDIS)
}
