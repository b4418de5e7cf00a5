// Whoever embeds the chat gives a component of their own in place of this, for bubbles of their own: generic:card.
Component({})
