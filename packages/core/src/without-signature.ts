/**
 * What names a token beyond doubt: a JWT without its signature, an opaque token whole. Anybody can write an ECDSA signature in
 * a second way, and an issuer may sign the same twice.
 */
export function withoutSignature(token: string): string {
  const payload = token.indexOf('.') + 1
  const end = token.indexOf('.', payload)
  const isJws = payload > 0 && end > 0 && token.indexOf('.', end + 1) < 0 && /^e[wy]/.test(token)
  return isJws ? token.slice(0, end) : token
}
