/** The cookie of a browser that somebody has signed in with. */
export function sessionOf(cookie: string | undefined): string | undefined {
  return /(?:^|; )authenticatedsession=([^;]+)/.exec(cookie ?? '')?.[1]
}

/** As the server sends it with every answer. */
export function sessionCookie(session: string): string {
  return `authenticatedsession=${session}; Path=/; Max-Age=600; HttpOnly; Secure`
}
