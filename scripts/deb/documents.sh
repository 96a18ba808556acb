# Documents in a package: licences, changes, manual pages. Sourced by scripts/build-deb.

MAINTAINER='Internet of Secure Elements gateway maintainers <maintainers@iose-gateway.invalid>'

write_documents() {
  local root=$1 doc=$1/usr/share/doc/iose-gateway
  mkdir -p "$doc" "$root/usr/share/lintian/overrides"
  cp -R README.md docs "$doc/"
  cp scripts/deb/copyright "$doc/copyright"
  sed -e '/^$/d' scripts/deb/lintian-overrides >"$root/usr/share/lintian/overrides/iose-gateway"
  debian_changelog | gzip -9n >"$doc/changelog.gz"
  write_manual "$root"
}

# Pages and completions.
write_manual() {
  local manual=$work/manual
  [ -d "$manual" ] || scripts/build-manual "$manual" >&2
  mkdir -p "$1/usr/share/bash-completion"
  cp -R "$manual/man" "$1/usr/share/man"
  find "$1/usr/share/man" -type f -exec gzip -9n {} +
  cp -R "$manual/bash-completion" "$1/usr/share/bash-completion/completions"
}

# The manifest that tells versions, without what only developers need.
write_manifest() {
  node - "$version" <<'END'
const { scripts, devDependencies, allowScripts, files, ...manifest } = require('./package.json')
console.log(JSON.stringify({ ...manifest, version: process.argv[2] }, null, 2))
END
}

# CHANGELOG.md in the form of Debian: what is not released yet is in this version.
debian_changelog() {
  awk -v version="$debian_version" -v trailer=" -- $MAINTAINER  $(date -R --date="@$SOURCE_DATE_EPOCH")" '
    function put(lead, text, line) {
      for (; length(text) > 74; lead = "    ") {
        for (line = 74; line > 1 && substr(text, line, 1) != " "; line--);
        if (line == 1) break
        print lead substr(text, 1, line - 1)
        text = substr(text, line + 1)
      }
      print lead text
    }
    function end_item() { if (item != "") put("  * ", item); item = "" }
    function end_entry() { end_item(); if (open) printf "\n%s\n", trailer }
    /^## / {
      end_entry()
      printf "%siose-gateway (%s) unstable; urgency=medium\n\n", open ? "\n" : "", $2 == "Unreleased" ? version : $2
      open = 1
      next
    }
    open && /^- / { end_item(); item = substr($0, 3); next }
    open && NF { sub(/^ +/, ""); item = item " " $0 }
    END { end_entry() }' CHANGELOG.md
}
