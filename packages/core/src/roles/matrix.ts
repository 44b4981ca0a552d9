import type { Role } from '../types.ts'
import { permissionName } from './permission.ts'

/** What roles allow as a table, for people: roles across, permissions down, a table for each organization. */
export function roleMatrix(roles: readonly Role[]): string {
  const organizations = [...new Set(roles.map(({ organization }) => organization))]
  return organizations
    .map((organization) =>
      tableOf(
        organization,
        roles.filter((role) => role.organization === organization),
      ),
    )
    .join('\n\n')
}

function tableOf(organization: string | undefined, roles: readonly Role[]): string {
  const held = roles.map(({ permissions }) => new Set(permissions.map(permissionName)))
  const names = [...new Set(held.flatMap((each) => [...each]))].sort()
  const head = [titleOf(organization), ...roles.map(({ name }) => name)]
  const rows = names.map((name) => [name, ...held.map((each) => (each.has(name) ? '●' : ''))])
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [lineOf(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(lineOf)].join('\n')
}

function titleOf(organization: string | undefined): string {
  if (organization === undefined) return 'of no organization'
  return organization === '*' ? 'of any organization' : `of ${organization}`
}
