/**
 * One official release of nats-server: its archives by platform, each with the checksum its
 * download must have.
 */
export type Release = {
  readonly version: string;
  /** Address of the folder that holds the archives. */
  readonly baseUrl: string;
  /**
   * By `<process.platform>-<process.arch>`; an archive holds `<its name without
   * ending>/nats-server`.
   */
  readonly archives: Readonly<Record<string, { readonly file: string; readonly sha256: string }>>;
};

/**
 * The release that is downloaded where no nats-server is at hand.
 *
 * SHA-256 sums of v2.15.0 as published in the release's SHA256SUMS. Compared, on 2026-11-21, with:
 * the official container images (nats-io/nats-docker, 2.15.x, for Linux and Windows x64), winget's
 * validated manifest (Windows), and at least two independent projects that pin the same archive
 * (macOS, and again Linux). Platforms that are not listed could not be compared. To move to a newer
 * release: replace the version and every sum together, each confirmed in two places.
 */
export const pinnedRelease: Release = {
  version: '2.15.0',
  baseUrl: 'https://github.com/nats-io/nats-server/releases/download/v2.15.0',
  archives: {
    'linux-x64': {
      file: 'nats-server-v2.15.0-linux-amd64.tar.gz',
      sha256: '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
    },
    'linux-arm64': {
      file: 'nats-server-v2.15.0-linux-arm64.tar.gz',
      sha256: 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
    },
    'darwin-x64': {
      file: 'nats-server-v2.15.0-darwin-amd64.tar.gz',
      sha256: '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95',
    },
    'darwin-arm64': {
      file: 'nats-server-v2.15.0-darwin-arm64.tar.gz',
      sha256: 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8',
    },
    'win32-x64': {
      file: 'nats-server-v2.15.0-windows-amd64.zip',
      sha256: '2d0861dc2ca3567d17f7d19611d7b346cc2ccbd7086a0a77cc957a2c71663200',
    },
  },
};
