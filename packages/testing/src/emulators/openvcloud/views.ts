import type { Ace, Resource } from './state.ts'

// What of the state the portal tells, in its own names.

const aclOf = ({ acl }: Resource) => acl.map((ace: Ace) => ({ ...ace, canBeDeleted: ace.explicit }))
const timesOf = ({ creationTime, updateTime }: Resource) => ({ creationTime, updateTime })
const network = { publicipaddress: '192.0.2.1', externalnetworkip: '192.0.2.1', location: 'be-g8-1', gid: 1 }

export function accountView(account: Resource): object {
  const { id, name, status } = account
  return { id, name, status, acl: aclOf(account), ...timesOf(account) }
}

export function cloudspaceView(cloudspace: Resource): object {
  const { id, name, status, parent } = cloudspace
  return {
    id,
    name,
    descr: '',
    status,
    accountId: parent?.id,
    accountName: parent?.name,
    acl: aclOf(cloudspace),
    type: 'routeros',
    ...network,
    ...timesOf(cloudspace),
  }
}

export function cloudspaceDetails(cloudspace: Resource): object {
  const { id, name, status, parent } = cloudspace
  return {
    id,
    name,
    description: '',
    status,
    accountId: parent?.id,
    acl: aclOf(cloudspace),
    type: 'routeros',
    resourceLimits: { CU_M: -1, CU_D: -1, CU_C: -1, CU_NP: -1, CU_I: -1 },
    secret: '0f1e2d3c',
    ...network,
    ...timesOf(cloudspace),
  }
}

export function machineView(machine: Resource): object {
  const { id, name, status, more } = machine
  return {
    id,
    name,
    status,
    referenceId: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    hostname: name,
    imageId: more.imageId ?? 1,
    nics: [],
    sizeId: more.sizeId ?? null,
    stackId: 1,
    disks: [],
    storage: 10,
    memory: more.memory ?? 512,
    vcpus: more.vcpus ?? 1,
    ...timesOf(machine),
  }
}

export function machineDetails(machine: Resource): object {
  const { id, name, status, parent, more } = machine
  return {
    id,
    cloudspaceid: parent?.id,
    name,
    status,
    description: more.description ?? '',
    hostname: name,
    acl: aclOf(machine),
    disks: [],
    imageid: more.imageId ?? 1,
    osImage: 'Ubuntu 18.04 x64',
    sizeid: more.sizeId ?? null,
    memory: more.memory ?? 512,
    vcpus: more.vcpus ?? 1,
    interfaces: [],
    storage: 10,
    accounts: [{ login: 'user', password: 'not-kept' }],
    locked: false,
    ...timesOf(machine),
  }
}

export function diskView(disk: Resource): object {
  const { id, name, status, parent, more } = disk
  return { id, name, status, accountId: parent?.id, type: more.type ?? 'B', sizeMax: more.sizeMax ?? 10 }
}
