// -- the two of them ----------------------------------------------------------------------------------------------
const people = [{ id: '1', name: '张三' }, { id: '2', name: '李四' }]
for (const [index, person] of (remembered('people') ?? []).entries()) {
  if (index < 2 && VALID_ID.test(person?.id) && typeof person.name === 'string' && person.name) people[index] = { id: person.id, name: person.name }
}
