// A real authorization server in a process of its own, so that a test can kill it. It is told what to be by oidc-provider.ts.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const mount = '/oidc'

process.once('message', start)
process.once('disconnect', () => process.exit())

async function start({ port, keys, secret, clients, resources, accounts }) {
  const server = createServer()
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${server.address().port}`
  const scope = 'read:orders write:orders'
  const provider = new Provider(`${endpoint}${mount}`, {
    clients,
    jwks: { keys },
    // Its own refuses to send to loopback.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    cookies: { keys: ['cookie key of a test'] },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'roles'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email'], roles: ['roles'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
    // Whoever signs in has agreed to everything: there is nobody to ask.
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid offline_access profile email roles')
      for (const resource of Object.values(resources)) grant.addResourceScope(resource, scope)
      await grant.save()
      return grant
    },
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    extraTokenClaims: (_, { accountId }) => (accountId === undefined ? undefined : tokenClaims(accounts[accountId])),
    interactions: { url: (_, { uid }) => `${mount}/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: {
        logoutSource(context, form) {
          const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out there too</button>'
          context.body = `<!doctype html><link rel="icon" href="data:,"><title>Sign out</title>${form}${button}`
        },
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_, resource) {
          const alg = Object.keys(resources).find((name) => resources[name] === resource)
          const format =
            alg === 'opaque'
              ? { accessTokenFormat: 'opaque' }
              : {
                  accessTokenFormat: 'jwt',
                  jwt: { sign: { alg, ...(alg === 'HS256' && { key: Buffer.from(secret) }) } },
                }
          return { scope, audience: resource, accessTokenTTL: 3600, ...format }
        },
      },
    },
  })
  const handle = provider.callback()
  server.on('request', async (request, response) => {
    try {
      if (request.url.startsWith(`${mount}/interaction/`)) await signIn(provider, accounts, request, response)
      else {
        request.originalUrl = request.url
        request.url = request.url.slice(mount.length)
        handle(request, response)
      }
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  // The package makes and sends the token as it does when a session ends, and says what came of it.
  process.on('message', async ({ logout }) => {
    const client = await provider.Client.find(logout.clientId)
    const { sid, uri } = logout
    Object.assign(client, { backchannelLogoutUri: uri, backchannelLogoutSessionRequired: sid !== undefined })
    const failure = await client.backchannelLogout(logout.sub, sid).then(() => undefined, String)
    process.send({ failure })
  })
  process.send({ endpoint })
}

function tokenClaims({ roles }) {
  return {
    realm_access: { roles },
    authorities: roles.map((role) => `orders:${role}`),
    organization: 'acme',
  }
}

async function signIn(provider, accounts, request, response) {
  const { params } = await provider.interactionDetails(request, response)
  const account = new URL(request.url, 'http://localhost').searchParams.get('account') ?? params.login_hint
  if (account !== undefined) {
    await provider.interactionFinished(request, response, { login: { accountId: account } })
    return
  }
  const links = Object.entries(accounts).map(([id, { name }]) => `<p><a href="?account=${id}">${name}</a></p>`)
  response.writeHead(200, { 'content-type': 'text/html' })
  response.end(`<!doctype html><link rel="icon" href="data:,"><title>Sign in</title>${links.join('')}`)
}
