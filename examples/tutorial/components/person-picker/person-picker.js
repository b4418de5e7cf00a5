// Chooses a person: one of a few ready ones with a tap (unless `without-people`), or any by account and name.
// Fires `change` with `{id, name}` as they stand; the page checks them.

const PEOPLE = [
  { id: '1', name: '张三' },
  { id: '2', name: '李四' },
  { id: '3', name: '王五' },
  { id: '4', name: '赵六' },
]

Component({
  properties: {
    title: String,
    withoutPeople: Boolean,
    userId: String,
    name: String,
    problem: String,
  },
  data: { people: PEOPLE },
  methods: {
    pick(event) {
      this.triggerEvent('change', PEOPLE[event.currentTarget.dataset.index])
    },
    typeId(event) {
      this.triggerEvent('change', { id: event.detail.value, name: this.data.name })
    },
    typeName(event) {
      this.triggerEvent('change', { id: this.data.userId, name: event.detail.value })
    },
  },
})
