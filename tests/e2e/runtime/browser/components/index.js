// WeChat's built-in components, as far as our pages use them. A tag or an attribute that is missing here is reported.

import { definerFor } from './define.js'
import { defineBasics } from './basic.js'
import { defineControls } from './controls.js'
import { defineMedia } from './media.js'
import { definePicker } from './picker.js'
import { defineScrollView } from './scroll-view.js'
import { defineSwiper } from './swiper.js'
import { defineTextBoxes } from './text-box.js'

/**
 * Defines the built-in components in a component space.
 * @param host what they need of the phone: see main.js
 * @returns {Set<string>} the defined tags
 */
export function defineComponents(space, host) {
  const { define, tags } = definerFor(space)
  for (const some of [defineBasics, defineControls, defineMedia, definePicker, defineScrollView, defineSwiper, defineTextBoxes]) some(define, host)
  return tags
}
