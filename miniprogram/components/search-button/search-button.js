// What looks like the search's field, and leads to it: the page hears the tap.
Component({ properties: { placeholder: String } })
