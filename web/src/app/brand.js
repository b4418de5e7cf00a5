// The business's name, logo and greeting: miniprogram/brand.json.

import brand from '../../../miniprogram/brand.js'
import logo from '../../../miniprogram/icons/logo.png'

/** Address of the logo. */
export const LOGO = logo
export const nameIn = (lang) => brand.name[lang]
export const welcomeIn = (lang) => brand.welcome[lang]
export const reportUrl = brand.report || null
