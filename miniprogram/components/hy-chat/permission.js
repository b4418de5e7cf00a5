'use strict'
// What the phone lets WeChat do, and what the user lets this app do. Asked only in the tap that needs it.

const SYSTEM = { record: 'microphoneAuthorized', camera: 'cameraAuthorized', album: 'albumAuthorized', location: 'locationAuthorized' }
const SCOPES = { record: 'scope.record', camera: 'scope.camera', album: 'scope.writePhotosAlbum', location: 'scope.userLocation' }

/** Whether the phone itself keeps it from WeChat. */
const isSystemDenied = (name) => wx.getAppAuthorizeSetting()[SYSTEM[name]] === 'denied'

/** Whether what failed did so for want of a permission. */
const isDenial = ({ errMsg = '' }) => /auth ?den|authoriz|permission|system denied/i.test(errMsg)

/**
 * Asks where nobody has been asked yet.
 * @param {'record'|'camera'|'album'|'location'} name
 * @returns {Promise<'yes'|'no'|'system'>} system: the phone says no
 */
function permissionFor(name) {
  if (isSystemDenied(name)) return Promise.resolve('system')
  return new Promise((resolve) => {
    wx.authorize({ scope: SCOPES[name], success: () => resolve('yes'), fail: () => resolve(isSystemDenied(name) ? 'system' : 'no') })
  })
}

module.exports = { permissionFor, isDenial, isSystemDenied }
