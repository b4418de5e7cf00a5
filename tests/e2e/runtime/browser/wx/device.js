// Who the user is, what the phone is, and what it may.

import { unsupported } from '../report.js'
import { listeners, methods, Refusal } from './answers.js'

const SCOPES = ['scope.record', 'scope.camera', 'scope.writePhotosAlbum', 'scope.userLocation']
const PLATFORM = { platform: 'android', system: 'Android 14', brand: '', model: '' }

export function createDevice(phone) {
  const { options, pages } = phone
  const theme = () => (phone.appConfig.darkmode && matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  const chosen = listeners('ThemeChange', 'KeyboardHeightChange', 'AppShow', 'AppHide', 'WindowResize', 'MemoryWarning', 'UserCaptureScreen', 'Error', 'UnhandledRejection')
  phone.tell = chosen.tell
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    if (phone.appConfig.darkmode) chosen.tell('ThemeChange', { theme: theme() })
  })

  addEventListener('resize', () => {
    const { windowWidth, windowHeight } = frame()
    chosen.tell('WindowResize', { size: { windowWidth, windowHeight } })
    pages.resized({ size: { windowWidth, windowHeight } })
  })

  /** The user's answer to a question for a permission; the test says it beforehand, else it is yes. */
  phone.permit = async (scope) => {
    if (options.permissions[scope] === undefined) options.permissions[scope] = true
    if (!options.permissions[scope]) throw new Refusal('auth deny')
  }
  const authSetting = () => Object.fromEntries(SCOPES.filter((scope) => options.permissions[scope] !== undefined)
    .map((scope) => [scope, options.permissions[scope]]))

  const base = () => ({
    language: options.language, version: options.version, SDKVersion: '3.8.0', theme: theme(), enableDebug: false, host: { env: 'WeChat' },
    fontSizeSetting: options.fontSizeSetting, fontSizeScaleFactor: options.fontSizeSetting / 16,
  })
  const frame = () => {
    const { top = 64, height = innerHeight - 64 } = pages.frame() || {}
    const safeArea = { left: 0, right: innerWidth, top: 20, bottom: innerHeight, width: innerWidth, height: innerHeight - 20 }
    return {
      pixelRatio: devicePixelRatio, screenWidth: innerWidth, screenHeight: innerHeight, windowWidth: innerWidth, windowHeight: height,
      statusBarHeight: 20, screenTop: top, safeArea,
    }
  }

  return {
    ...chosen.api,
    getAppBaseInfo: base,
    getDeviceInfo: () => ({ ...PLATFORM }),
    getWindowInfo: frame,
    getSystemInfoSync: () => ({ ...base(), ...PLATFORM, ...frame() }),
    getSystemSetting: () => ({ bluetoothEnabled: true, locationEnabled: true, wifiEnabled: true, deviceOrientation: 'portrait' }),
    getAppAuthorizeSetting: () => ({
      microphoneAuthorized: options.systemDenied.includes('microphone') ? 'denied' : 'authorized',
      cameraAuthorized: options.systemDenied.includes('camera') ? 'denied' : 'authorized',
      albumAuthorized: options.systemDenied.includes('album') ? 'denied' : 'authorized',
      notificationAuthorized: 'authorized', locationAuthorized: 'authorized',
    }),
    getMenuButtonBoundingClientRect: () => ({ width: 87, height: 32, top: 24, bottom: 56, left: innerWidth - 94, right: innerWidth - 7 }),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0000000000000000', envVersion: 'develop', version: '' } }),
    getLaunchOptionsSync: () => phone.launch,
    getEnterOptionsSync: () => phone.entered,
    getUpdateManager: () => ({ onCheckForUpdate() {}, onUpdateReady() {}, onUpdateFailed() {}, applyUpdate() {} }),
    ...methods({
      login: async () => ({ code: await window.loginCode() }),
      checkSession: () => {},
      getSetting: () => ({ authSetting: authSetting(), subscriptionsSetting: { mainSwitch: true, itemSettings: {} } }),
      authorize: ({ scope }) => {
        if (!SCOPES.includes(scope)) unsupported(scope)
        return phone.permit(scope)
      },
      /** The user turns on all that the app ever asked for, if the test says so. */
      openSetting() {
        if (!navigator.userActivation.isActive) throw new Error('can only be invoked by user TAP gesture.')
        phone.opened('openSetting', {})
        if (options.grantsInSettings) for (const scope of Object.keys(options.permissions)) options.permissions[scope] = true
        return { authSetting: authSetting() }
      },
      openAppAuthorizeSetting: () => phone.opened('openAppAuthorizeSetting', {}),
      requirePrivacyAuthorize: () => {},
      requestSubscribeMessage({ tmplIds }) {
        if (!navigator.userActivation.isActive) throw new Refusal('can only be invoked by user TAP gesture.', { errCode: 20001 })
        phone.opened('requestSubscribeMessage', { tmplIds })
        if (options.subscribe === 'off') throw new Refusal('The main switch is switched off', { errCode: 20004 })
        return Object.fromEntries(tmplIds.map((id) => [id, options.subscribe]))
      },
    }),
  }
}
